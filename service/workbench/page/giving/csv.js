// Tables as text, so that a row can be put right in the page and sent again.

/** Names of encodings that a browser reads; of others nothing is put right here. */
const LABELS = {
  "utf-8": "utf-8", "utf-16": "utf-16le", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be", cp1250: "windows-1250",
  cp1252: "windows-1252", "iso-8859-1": "windows-1252", "iso-8859-15": "iso-8859-15", "mac-roman": "macintosh",
};

/**
 * The rows of a file, or null where it is none that can be put right here.
 * @param {File} file
 * @param {{encoding: string, separator: string | null}} report what the import found out about it
 * @returns {Promise<string[][] | null>}
 */
export async function rowsOf(file, { encoding, separator }) {
  const label = LABELS[encoding];
  if (!label || !separator) return null;
  return parse(new TextDecoder(label).decode(await file.arrayBuffer()), separator);
}

/** Cells as RFC 4180 has them; a quote within a bare cell is a character. @param {string} text @param {string} separator */
export function parse(text, separator) {
  /** @type {string[][]} */
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  for (let n = 0; n < text.length; n += 1) {
    const c = text[n];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[n + 1] === '"') (cell += '"'), (n += 1);
      else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === separator) row.push(cell), (cell = "");
    else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[n + 1] === "\n") n += 1;
      row.push(cell);
      rows.push(row);
      row = [];
      cell = "";
    } else cell += c;
  }
  if (cell !== "" || row.length) row.push(cell), rows.push(row);
  return rows;
}

/** The same as a file, in UTF-8. @param {string[][]} rows @param {string} separator @param {string} name */
export function fileOf(rows, separator, name) {
  const written = (cell) => (/["\r\n]/.test(cell) || cell.includes(separator) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const text = rows.map((row) => row.map(written).join(separator)).join("\r\n");
  return new File([text, "\r\n"], name, { type: "text/csv" });
}
