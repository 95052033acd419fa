#include "edit_distance.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

// The matrix of all prefixes' distances is computed in strips of 64 rows. Within a strip, a column is two words: bit i says
// whether the distance grows, or falls, by one from row i to row i + 1. That is G. Myers, "A fast bit-vector algorithm for
// approximate string matching based on dynamic programming" (J. ACM 46, 1999), in the form of H. Hyyrö, "A bit-vector
// algorithm for computing Levenshtein and Damerau edit distances" (Nordic J. Computing 10, 2003), which has the
// transpositions, too. What passes from a strip to the one below is one byte a column: how the distance changes along the
// row between them. So no more than one strip and that row are in memory.
//
// Only columns within `band` of the diagonal are computed (E. Ukkonen, "Algorithms for approximate string matching", 1985).
// What lies outside is taken for larger than it is, which is right as long as the distance is `band` at most; else the band
// is doubled.

namespace {

// Which rows of a strip have a character: 64 characters at most, so an open hash of 128 places never fills.
class RowMasks {
public:
    explicit RowMasks(std::u32string_view characters) {
        for (std::size_t row = 0; row < characters.size(); row++) {
            const char32_t character = characters[row];
            if (character < ascii_.size()) {
                ascii_[character] |= uint64_t{1} << row;
            } else {
                Place &place = places_[find(character)];
                place.character = character;
                place.mask |= uint64_t{1} << row;
            }
        }
    }

    uint64_t operator[](char32_t character) const {
        return character < ascii_.size() ? ascii_[character] : places_[find(character)].mask;
    }

private:
    struct Place {
        char32_t character = 0;
        uint64_t mask = 0;
    };
    std::array<uint64_t, 128> ascii_{};
    std::array<Place, 128> places_{};

    std::size_t find(char32_t character) const {
        std::size_t index = (character * 0x9E3779B1u) >> 25;
        while (places_[index].mask != 0 && places_[index].character != character) index = (index + 1) % places_.size();
        return index;
    }
};

// What the row above a strip says of a column, as bits: the distance grows by one from the column before, or it falls by one,
// or a transposition may end in the strip's first row.
constexpr unsigned grows = 0, falls = 1, transposes = 2;

// One strip, column by column.
template <bool transpositions>
struct Strip {
    const RowMasks masks;
    const unsigned last;                   // the number of its last row
    std::size_t bottom;                    // the distance in its last row
    uint64_t down = ~uint64_t{0}, up = 0;  // where the distance grows or falls from row to row
    uint64_t diagonal = 0, previous_matches = 0;

    // Reads what the row above says of each column, and writes there what its own last row says. No branch depends on the
    // texts: it would be mispredicted half of the time.
    void advance(std::u32string_view text, uint8_t *carries, std::size_t begin, std::size_t end) {
        for (std::size_t column = begin; column < end; column++) {
            const uint64_t carry = carries[column];
            const uint64_t matches = masks[text[column]];
            const uint64_t with_carry = matches | (carry >> falls & 1);
            uint64_t transposed = 0, below = 0;
            if constexpr (transpositions) {
                const uint64_t unequal = ~diagonal & matches;
                transposed = (unequal << 1 | (carry >> transposes & 1)) & previous_matches;
                below = (unequal >> last & 1) << transposes;
                previous_matches = matches;
            }
            diagonal = (((with_carry & down) + down) ^ down) | with_carry | up | transposed;
            uint64_t right = up | ~(diagonal | down);
            uint64_t left = diagonal & down;
            const uint64_t has_grown = right >> last & 1, has_fallen = left >> last & 1;
            bottom += has_grown - has_fallen;
            carries[column] = static_cast<uint8_t>(below | has_grown << grows | has_fallen << falls);
            right = right << 1 | (carry >> grows & 1);
            left = left << 1 | (carry >> falls & 1);
            down = left | ~(diagonal | right);
            up = right & diagonal;
        }
    }
};

// The distance where it is `band` at most; else anything greater.
template <bool transpositions>
std::size_t distance_within(std::size_t band, std::u32string_view a, std::u32string_view b, std::vector<uint8_t> &carries,
                            const std::function<bool()> &is_cancelled) {
    constexpr std::size_t columns_at_once = 1 << 16;
    // Above the first row, and outside the band, each column is one more than the one before.
    carries.assign(b.size(), 1 << grows);
    std::size_t top = 0;    // the distance at the upper left corner of the strip
    std::size_t begin = 0;  // the strip's first column
    for (std::size_t first_row = 0; first_row < a.size(); first_row += 64) {
        const std::size_t rows = std::min<std::size_t>(64, a.size() - first_row);
        const std::size_t end = std::min(b.size(), first_row + rows + band);
        const std::size_t next_begin = first_row + 64 > band ? std::min(b.size(), first_row + 64 - band) : 0;
        Strip<transpositions> strip{RowMasks(a.substr(first_row, rows)), static_cast<unsigned>(rows - 1),
                                   top + rows};
        strip.advance(b, carries.data(), begin, next_begin);
        top = strip.bottom;
        for (std::size_t column = next_begin; column < end; column += columns_at_once) {
            if (is_cancelled()) return strip.bottom;
            strip.advance(b, carries.data(), column, std::min(end, column + columns_at_once));
        }
        begin = next_begin;
        if (first_row + rows == a.size()) return strip.bottom;
    }
    return b.size();
}

}  // namespace

std::size_t edit_distance(std::u32string_view a, std::u32string_view b, bool transpositions,
                          const std::function<bool()> &is_cancelled) {
    while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
    while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
    // The shorter text's characters are the rows.
    if (a.size() > b.size()) std::swap(a, b);
    if (a.empty()) return b.size();

    std::vector<uint8_t> carries;
    std::size_t band = std::max<std::size_t>(64, b.size() - a.size());
    while (true) {
        const std::size_t distance = transpositions ? distance_within<true>(band, a, b, carries, is_cancelled)
                                                    : distance_within<false>(band, a, b, carries, is_cancelled);
        if (distance <= band || band >= b.size() || is_cancelled()) return distance;
        band *= 2;
    }
}
