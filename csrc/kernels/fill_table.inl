// The table of an instruction set with int8 kernels over its vector trait. Included last.

constexpr Kernels fill_table(const char* isa) {
  Kernels k = reference_kernels(isa);
  k.image_s8 = &kImageS8;
  k.gemm_s8 = &kGemmS8;
  k.depthwise_s8 = &kDepthwiseS8;
  k.dot_loop_s8 = &dot_loop_s8;
  fill_bytewise(k);
  return k;
}
