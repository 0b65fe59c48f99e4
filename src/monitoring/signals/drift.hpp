// Distances and tests between a reference and a production column.
//
// P is the reference, Q production; missing values of each column are left out of that column alone. Numeric bins are
// Azure ML's: k = ⌈log2(min(n_P, n_Q)) + 1⌉ (Sturges) of equal width from the least to the greatest value of both;
// one bin when all values are equal. Categories are those seen on either side.
//
//  jensen_shannon_distance          √( ½·KL(P‖M) + ½·KL(Q‖M) ), M = ½(P+Q), logarithms in base 2: 0 … 1
//                                   (Lin 1991; Endres and Schindelin 2003 for the root being a metric)
//  population_stability_index       Σ (q−p)·ln(q/p) with p = (c+1)/(n+k) on both sides (Laplace), so that empty bins
//                                   stay finite (Siddiqi 2006)
//  normalized_wasserstein_distance  ∫|F_P(x) − F_Q(x)| dx / max(s_P, 0.001), s_P the reference's sample standard
//                                   deviation (Vallender 1974 for the integral)
//  two_sample_kolmogorov_smirnov_test  p value of D = sup|F_P − F_Q| (see special_functions.hpp), for any number of
//  rows pearsons_chi_squared_test        p value of Pearson's test of homogeneity on the 2×k table of counts (k − 1
//  degrees of
//                                   freedom, no continuity correction): a category that is new in production counts
//                                   and leaves the statistic finite
//
// A metric that has no meaning for the data (no values on one side, one category in all) gives a Score without value
// and the reason. Summaries that keep their values give exact results. Else bins have their edges on buckets
// (Score::method says so), and Score::error_bound bounds what the Wasserstein distance and the Kolmogorov-Smirnov test
// can be off.
//
// Thread safety: pure functions.
#pragma once

#include <span>

#include "monitoring/signals/categorical_summary.hpp"
#include "monitoring/signals/metric.hpp"
#include "monitoring/signals/numeric_summary.hpp"

namespace ciclo::monitoring::signals {

// Both summaries must have one layout, unless both keep their values; otherwise the Score has no value.
Score jensen_shannon_distance(const NumericSummary& reference, const NumericSummary& production);
Score population_stability_index(const NumericSummary& reference, const NumericSummary& production);
Score normalized_wasserstein_distance(const NumericSummary& reference, const NumericSummary& production);
Score two_sample_kolmogorov_smirnov_test(const NumericSummary& reference, const NumericSummary& production);

Score jensen_shannon_distance(const CategoricalSummary& reference, const CategoricalSummary& production);
Score population_stability_index(const CategoricalSummary& reference, const CategoricalSummary& production);
Score pearsons_chi_squared_test(const CategoricalSummary& reference, const CategoricalSummary& production);

// The drift metric of that name; a Score without value when it is none for this type of column.
Score drift(Metric metric, const NumericSummary& reference, const NumericSummary& production);
Score drift(Metric metric, const CategoricalSummary& reference, const CategoricalSummary& production);
// For two columns at hand.
Score drift(Metric metric, std::span<const double> reference, std::span<const double> production);

}  // namespace ciclo::monitoring::signals
