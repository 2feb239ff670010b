// FLOOR_DIV and FLOOR_MOD over the traits V and F, in double as reference/divide.h defines them:
// the floor of a quotient of int32 or float32 is that of the quotient rounded to double.

V::Double floor_quotient(V::Double a, V::Double b) { return V::floor(V::div(a, b)); }

void floor_div_f32(const reference::Broadcast& p, const float* a, const float* b, float* out) {
  compute_broadcast<F>(p, a, b, out, [](F::Vec x, F::Vec y) {
    return F::from_halves(floor_quotient(F::low_half(x), F::low_half(y)),
                          floor_quotient(F::high_half(x), F::high_half(y)));
  });
}

// By 0, where a row of the operands is shorter than a vector, comes what nobody reads.
void floor_div_s32(const reference::Broadcast& p, const int32_t* a, const int32_t* b,
                   int32_t* out) {
  for_each_vector(p, a, b, out, [](V::I32 x, V::I32 y) {
    return V::to_int32(floor_quotient(V::low_half(x), V::low_half(y)),
                       floor_quotient(V::high_half(x), V::high_half(y)));
  });
}

// Less than 2^53 and whole, so that no product is rounded.
void floor_mod_s32(const reference::Broadcast& p, const int32_t* a, const int32_t* b,
                   int32_t* out) {
  const auto rest = [](V::Double x, V::Double y) {
    return V::fma(V::mul(V::set(-1.0), floor_quotient(x, y)), y, x);
  };
  for_each_vector(p, a, b, out, [=](V::I32 x, V::I32 y) {
    return V::to_int32(rest(V::low_half(x), V::low_half(y)),
                       rest(V::high_half(x), V::high_half(y)));
  });
}

constexpr void fill_divide(Kernels& k) {
  k.floor_div_f32 = &floor_div_f32;
  k.floor_div_s32 = &floor_div_s32;
  k.floor_mod_s32 = &floor_mod_s32;
}
