import Encodings
import Hashing

/// The only script of a report: it shows those rows that match the form's fields. Without it, all rows are shown.
enum RowFilterScript {
    /// For the Content-Security-Policy, so that no other script runs.
    static let digest = "sha256-" + base64(SHA256.digest(of: text).bytes)

    static let text = """
        (() => {
        const form = document.getElementById("filter"), status = document.getElementById("row-status");
        const rows = [...document.querySelectorAll("#rows-shown > ol > li")];
        const told = status.textContent;
        const field = name => form.elements[name] ? form.elements[name].value.trim() : "";
        const matches = row => {
          const text = field("text").toLowerCase();
          if (text && !row.textContent.toLowerCase().includes(text)) return false;
          const [name, outcome, score] = [field("function"), field("outcome"), field("score")];
          const [least, below] = [field("least"), field("below")];
          if (!name && !outcome && !score && !least && !below) return true;
          return [...row.querySelectorAll("header .chip")].some(chip => {
            const value = chip.querySelector("strong").textContent, missing = chip.classList.contains("missing");
            if (name && chip.querySelector("bdi").textContent !== name) return false;
            if (outcome === "scored" && missing || outcome === "missing" && !missing) return false;
            if (outcome && outcome !== "scored" && outcome !== "missing" && !(missing && value === outcome.replaceAll("_", " ")))
              return false;
            if (score && (missing || value !== score && !(value !== "" && Number(value) === Number(score)))) return false;
            if ((least || below) && (missing || value === "" || Number.isNaN(Number(value)))) return false;
            return !(least && !(Number(value) >= Number(least))) && !(below && !(Number(value) < Number(below)));
          });
        };
        const show = () => {
          let count = 0;
          for (const row of rows) { row.hidden = !matches(row); count += row.hidden ? 0 : 1; }
          status.textContent = count === rows.length ? told : count + " of the " + rows.length + " rows shown here match.";
        };
        form.hidden = false;
        form.addEventListener("input", show);
        form.addEventListener("reset", () => setTimeout(show));
        form.addEventListener("submit", event => { event.preventDefault(); show(); });
        })();
        """
}
