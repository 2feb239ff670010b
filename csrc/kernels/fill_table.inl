// The table of an instruction set with int8 kernels over its vector trait. Included last.

constexpr Kernels fill_table(const char* isa) {
  Kernels k = reference_kernels(isa);
  k.product_f16 = &kProductF16;
  k.product_f32 = &kProductF32;
  k.product_s16 = &kProductS16;
  k.product_s8 = &kProductS8;
  k.product_sums_s16 = &kProductSumsS16;
  k.product_sums_s8 = &kProductSumsS8;
  k.product_hybrid_s4 = &kProductHybridS4;
  k.product_hybrid_s8 = &kProductHybridS8;
  k.dot_loop_s8 = &dot_loop_s8;
  k.requantize_sums_s16 = &requantize_sums_s16;
  fill_divide(k);
  fill_narrow(k);
  fill_functions(k);
  fill_real(k);
  fill_real_rows(k);
  return k;
}
