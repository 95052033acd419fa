// The edit distance of two texts, in memory that grows with their lengths and not with the product of them.
#ifndef EDIT_DISTANCE_HPP
#define EDIT_DISTANCE_HPP

#include <cstddef>
#include <functional>
#include <string_view>

// How many insertions, deletions and substitutions of code points turn one text into the other (Levenshtein, 1966); with
// `transpositions`, exchanging two neighbours is one edit, too, if neither is edited otherwise ("optimal string
// alignment").
//
// Time: the product of the lengths by 64 steps of a few nanoseconds, or less where the texts are alike: with distance d,
// about d times the length by 8. Memory: about a byte a code point of the longer text.
//
// `is_cancelled` is asked every few milliseconds; the result means nothing once it has said true.
std::size_t edit_distance(std::u32string_view a, std::u32string_view b, bool transpositions,
                          const std::function<bool()> &is_cancelled);

#endif
