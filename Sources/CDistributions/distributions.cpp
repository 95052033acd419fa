#include "distributions.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace {
using namespace boost::math;

// Errors are values, as nothing may be thrown into Swift.
using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>, policies::underflow_error<policies::ignore_error>,
    policies::denorm_error<policies::ignore_error>, policies::rounding_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>, policies::indeterminate_result_error<policies::ignore_error>>;

using Normal = normal_distribution<double, Quiet>;
using StudentT = students_t_distribution<double, Quiet>;
using ChiSquared = chi_squared_distribution<double, Quiet>;
using Binomial = binomial_distribution<double, Quiet>;
}  // namespace

double assay_normal_quantile(double p) { return quantile(Normal(), p); }

double assay_normal_upper_tail(double z) { return cdf(complement(Normal(), z)); }

double assay_t_quantile(double p, double df) { return quantile(StudentT(df), p); }

double assay_t_upper_tail(double t, double df) { return cdf(complement(StudentT(df), t)); }

double assay_chi_squared_upper_tail(double x, double df) { return cdf(complement(ChiSquared(df), x)); }

double assay_fair_coin_at_most(double k, double n) { return cdf(Binomial(n, 0.5), k); }

double assay_fair_coin_exactly(double k, double n) { return pdf(Binomial(n, 0.5), k); }
