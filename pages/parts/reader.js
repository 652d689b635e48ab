// Streamlit itself always calls its page English; a screen reader must know which language the words are in.
// And what scrolls sideways must be reached by the keyboard: wide pictures, and tables where they do.
export default function ({ data }) {
  if (overtaken(document, data)) return;
  document.documentElement.lang = data.language;
  for (const part of document.querySelectorAll('[class*="-wide-frame-"], [data-testid="stTable"] :has(> table)')) {
    if (!part.dataset.testid || part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
}
