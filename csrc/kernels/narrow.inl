// The kernels of 8 and 16-bit elements that are no products of matrices, over the traits V, B and
// F, and of float32 where the algorithm is the same.

#include "kernels/arg_min_max.inl"
#include "kernels/cast.inl"
#include "kernels/elementwise.inl"
#include "kernels/linear_sum.inl"
#include "kernels/lookup.inl"
#include "kernels/lstm.inl"
#include "kernels/narrow_divide.inl"
#include "kernels/pool.inl"
#include "kernels/quantize.inl"
#include "kernels/quantize_rows.inl"
#include "kernels/reduce.inl"
#include "kernels/resize.inl"
#include "kernels/softmax.inl"
#include "kernels/thresholds.inl"

constexpr void fill_narrow(Kernels& k) {
  k.add_s8 = &scaled_sum<int8_t, Sum, &reference::add_s8>;
  k.add_u8 = &scaled_sum<uint8_t, Sum, &reference::add_u8>;
  k.add_s16 = &scaled_sum<int16_t, Sum, &reference::add_s16>;
  k.add_plain_s16 = &plain_s16<&B::add16>;
  k.add_shifted_s16 = &shifted_sum<false>;
  k.sub_s8 = &scaled_sum<int8_t, Difference, &reference::sub_s8>;
  k.sub_u8 = &scaled_sum<uint8_t, Difference, &reference::sub_u8>;
  k.sub_s16 = &scaled_sum<int16_t, Difference, &reference::sub_s16>;
  k.sub_plain_s16 = &plain_s16<&B::sub16>;
  k.sub_shifted_s16 = &shifted_sum<true>;
  k.squared_difference_s8 = &squared_difference_s8;
  k.div_s8 = &scaled_quotient<int8_t>;
  k.div_u8 = &scaled_quotient<uint8_t>;
  k.mul_s8 = &product<int8_t, &reference::mul_s8>;
  k.mul_u8 = &product<uint8_t, &reference::mul_u8>;
  k.mul_s16 = &product<int16_t, &reference::mul_s16>;
  k.mul_plain_s16 = &plain_s16<&B::mul16>;
  k.leaky_relu_s16 = &leaky_relu_s16;
  k.prelu_s8 = &prelu<int8_t, &reference::prelu_s8>;
  k.prelu_u8 = &prelu<uint8_t, &reference::prelu_u8>;
  k.maximum_s8 = &extreme<int8_t, true>;
  k.maximum_u8 = &extreme<uint8_t, true>;
  k.maximum_s16 = &extreme<int16_t, true>;
  k.minimum_s8 = &extreme<int8_t, false>;
  k.minimum_u8 = &extreme<uint8_t, false>;
  k.minimum_s16 = &extreme<int16_t, false>;
  k.arg_min_max_f32_s32 = &arg_min_max_real<int32_t, &reference::arg_min_max_f32_s32>;
  k.arg_min_max_f32_s64 = &arg_min_max_real<int64_t, &reference::arg_min_max_f32_s64>;
  k.arg_min_max_s8_s32 = &arg_min_max<int8_t, int32_t, &reference::arg_min_max_s8_s32>;
  k.arg_min_max_s8_s64 = &arg_min_max<int8_t, int64_t, &reference::arg_min_max_s8_s64>;
  k.arg_min_max_u8_s32 = &arg_min_max<uint8_t, int32_t, &reference::arg_min_max_u8_s32>;
  k.arg_min_max_u8_s64 = &arg_min_max<uint8_t, int64_t, &reference::arg_min_max_u8_s64>;
  k.cast = &cast;
  k.compare_thresholds_8 = &compare_thresholds_8;
  k.linear_sum_8 = &linear_sum_8;
  k.lookup_8 = &lookup_8;
  k.lstm_cell_s16 = &lstm_cell_s16;
  k.lstm_gate_s16 = &lstm_gate_s16;
  k.lstm_hidden_s8 = &lstm_hidden_s8;
  k.lstm_logistic_s16 = &lstm_logistic_s16;
  k.lstm_norm_s16 = &lstm_norm_s16;
  k.lstm_projection_s8 = &lstm_projection_s8;
  k.lstm_tanh_s16 = &lstm_tanh_s16;
  k.logistic_s16 = &sigmoid_s16<Logistic, &reference::logistic_s16>;
  k.tanh_s16 = &sigmoid_s16<Tanh, &reference::tanh_s16>;
  k.average_pool_2d_s8 = &average_pool<int8_t, &reference::average_pool_2d_s8>;
  k.average_pool_2d_u8 = &average_pool<uint8_t, &reference::average_pool_2d_u8>;
  k.average_pool_2d_s16 = &average_pool<int16_t, &reference::average_pool_2d_s16>;
  k.max_pool_2d_s8 = &max_pool<int8_t>;
  k.max_pool_2d_u8 = &max_pool<uint8_t>;
  k.average_pool_2d_f32 = &average_pool_of_reals;
  k.max_pool_2d_f32 = &max_pool_of_reals;
  k.resize_bilinear_f32 = &resize_bilinear<RealBlend>;
  k.max_pool_2d_s16 = &max_pool<int16_t>;
  k.quantize_rows_s8 = &quantize_rows_s8;
  k.range_f32 = &range_f32;
  k.quantize_s8 = &quantize_to<int8_t, &reference::quantize_s8>;
  k.quantize_u8 = &quantize_to<uint8_t, &reference::quantize_u8>;
  k.quantize_s16 = &quantize_to<int16_t, &reference::quantize_s16>;
  k.requantize_s16 = &requantize_to<int16_t, int16_t>;
  k.requantize_s16_s8 = &requantize_to<int16_t, int8_t>;
  k.requantize_s16_s32 = &requantize_to<int16_t, int32_t>;
  k.requantize_s32_s8 = &requantize_to<int32_t, int8_t>;
  k.requantize_s32_s16 = &requantize_to<int32_t, int16_t>;
  k.dequantize_s8 = &dequantize_from<int8_t, &reference::dequantize_s8>;
  k.dequantize_u8 = &dequantize_from<uint8_t, &reference::dequantize_u8>;
  k.dequantize_s16 = &dequantize_from<int16_t, &reference::dequantize_s16>;
  k.reduce_max_s8 = &reduce_extreme<int8_t, true>;
  k.reduce_max_u8 = &reduce_extreme<uint8_t, true>;
  k.reduce_max_s16 = &reduce_extreme<int16_t, true>;
  k.reduce_min_s8 = &reduce_extreme<int8_t, false>;
  k.reduce_min_u8 = &reduce_extreme<uint8_t, false>;
  k.reduce_min_s16 = &reduce_extreme<int16_t, false>;
  k.row_sums_s8 = &row_sums_s8;
  k.resize_bilinear_s8 = &resize_bilinear<IntegerBlend>;
  k.resize_bilinear_u8 = &resize_bilinear<RoundedBlend>;
  k.resize_bilinear_s16 = &resize_bilinear<WideBlend>;
  k.strided_copy = &strided_copy;
  k.log_softmax_s8 = &log_softmax<int8_t>;
  k.log_softmax_u8 = &log_softmax<uint8_t>;
  k.softmax_s8 = &softmax<int8_t>;
  k.softmax_u8 = &softmax<uint8_t>;
  k.softmax_s16 = &softmax_s16;
  k.sum_s8 = &reduce_sum<int8_t, &reference::sum_s8>;
  k.sum_u8 = &reduce_sum<uint8_t, &reference::sum_u8>;
  k.sum_s16 = &reduce_sum<int16_t, &reference::sum_s16>;
}
