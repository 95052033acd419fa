#pragma once

// Quantiles and tail probabilities of the distributions that statistics rest on, from Boost.Math: a plain C face, since
// the templates behind it take seconds to compile.
//
// No function throws. An argument outside of the domain of a function yields NaN.

#ifdef __cplusplus
extern "C" {
#endif

/// The z that a standard normal variable stays below with probability p, 0 < p < 1.
double assay_normal_quantile(double p);

/// The probability that a standard normal variable is above z.
double assay_normal_upper_tail(double z);

/// The t that Student's variable with `df` > 0 degrees of freedom stays below with probability p, 0 < p < 1.
double assay_t_quantile(double p, double df);

/// The probability that Student's variable is above t.
double assay_t_upper_tail(double t, double df);

/// The probability that a chi-squared variable with `df` > 0 degrees of freedom is above x >= 0.
double assay_chi_squared_upper_tail(double x, double df);

/// The probability of at most k heads in n tosses of a fair coin, 0 <= k <= n.
double assay_fair_coin_at_most(double k, double n);

/// The probability of exactly k heads in n tosses of a fair coin, 0 <= k <= n.
double assay_fair_coin_exactly(double k, double n);

#ifdef __cplusplus
}
#endif
