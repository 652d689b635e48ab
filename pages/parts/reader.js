// Streamlit itself always calls its page English; a screen reader must know which language the words are in.
export default function ({ data }) {
  if (!overtaken(document, data)) document.documentElement.lang = data.language;
}
