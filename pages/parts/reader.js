// Streamlit itself always calls its page English; a screen reader must know which language the words are in,
// and what Streamlit says in English is said in our words (look.css).
// The names of an uploader's buttons are no text that a style could replace: they are said in our words here.
// And what scrolls sideways must be reached by the keyboard: wide pictures and tables, where they do. Looked for again
// at each Tab, since what is drawn later, or on a narrower screen, does not call this script.
export default function ({ data }) {
  if (overtaken(document, data)) return;
  const root = document.documentElement;
  root.lang = data.language;
  words = data.words;
  for (const [name, text] of Object.entries(words)) root.style.setProperty(`--word-${name}`, JSON.stringify(text));
  reach();
  document.addEventListener("keydown", reachByTab, true);
}

let words = {};
const reachByTab = ({ key }) => key === "Tab" && reach();

function reach() {
  for (const part of document.querySelectorAll('[class*="-wide-frame-"], .plain-table')) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
  if (document.documentElement.lang === "en") return;
  for (const chip of document.querySelectorAll('[data-testid="stFileChip"]')) {
    const name = chip.querySelector('[data-testid="stFileChipName"]')?.textContent ?? "";
    chip.querySelector("button")?.setAttribute("aria-label", `${words.remove} ${name}`);
  }
  for (const [part, name] of [['button[data-testid="stBaseButton-borderlessIcon"]', words.add], ["input", words.file]]) {
    for (const each of document.querySelectorAll(`[data-testid="stFileUploaderDropzone"] ${part}`)) each.setAttribute("aria-label", name);
  }
}
