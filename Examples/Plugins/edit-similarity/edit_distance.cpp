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

// What the row above a strip says of a column.
enum Carry : uint8_t {
    grows = 1,      // the distance grows by one from the column before
    falls = 2,      // … falls by one
    transposes = 4  // a transposition may end in the strip's first row
};

// The distance where it is `band` at most; else anything greater.
std::size_t distance_within(std::size_t band, std::u32string_view a, std::u32string_view b, bool transpositions,
                            std::vector<uint8_t> &carries, const std::function<bool()> &is_cancelled) {
    const std::size_t columns = b.size();
    // Above the first row, and outside the band, each column is one more than the one before.
    carries.assign(columns, grows);
    std::size_t top = 0;           // the distance at the upper left corner of the strip
    std::size_t begin = 0;         // the strip's first column
    std::size_t steps = 0;
    std::size_t distance = a.size() + b.size();
    for (std::size_t first_row = 0; first_row < a.size(); first_row += 64) {
        const std::size_t rows = std::min<std::size_t>(64, a.size() - first_row);
        const std::size_t end = std::min(columns, first_row + rows + band);
        const std::size_t next_begin = first_row + 64 > band ? std::min(columns, first_row + 64 - band) : 0;
        const RowMasks masks(a.substr(first_row, rows));
        const uint64_t last = uint64_t{1} << (rows - 1);
        uint64_t down = ~uint64_t{0}, up = 0;  // where the distance grows or falls from row to row
        uint64_t diagonal = 0, previous_matches = 0;
        std::size_t bottom = top + rows;  // the distance in the strip's last row
        std::size_t next_top = bottom;
        for (std::size_t column = begin; column < end; column++) {
            if (++steps % (1 << 20) == 0 && is_cancelled()) return distance;
            const uint8_t carry = carries[column];
            const uint64_t matches = masks[b[column]];
            const uint64_t with_carry = matches | ((carry & falls) != 0 ? 1 : 0);
            uint64_t transposed = 0;
            uint8_t below = 0;
            if (transpositions) {
                const uint64_t unequal = ~diagonal & matches;
                transposed = (unequal << 1 | ((carry & transposes) != 0 ? 1 : 0)) & previous_matches;
                if ((unequal & last) != 0) below |= transposes;
                previous_matches = matches;
            }
            diagonal = (((with_carry & down) + down) ^ down) | with_carry | up | transposed;
            uint64_t right = up | ~(diagonal | down);
            uint64_t left = diagonal & down;
            if ((right & last) != 0) {
                bottom++;
                below |= grows;
            }
            if ((left & last) != 0) {
                bottom--;
                below |= falls;
            }
            right = right << 1 | ((carry & grows) != 0 ? 1 : 0);
            left = left << 1 | ((carry & falls) != 0 ? 1 : 0);
            down = left | ~(diagonal | right);
            up = right & diagonal;
            carries[column] = below;
            if (column + 1 == next_begin) next_top = bottom;
        }
        std::fill(carries.begin() + static_cast<std::ptrdiff_t>(end), carries.end(), uint8_t{grows});
        distance = bottom;
        if (next_begin > begin) top = next_top; else top += rows;
        begin = next_begin;
    }
    return distance;
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
        const std::size_t distance = distance_within(band, a, b, transpositions, carries, is_cancelled);
        if (distance <= band || band >= b.size() || is_cancelled()) return distance;
        band *= 2;
    }
}
