// Put before each of our components' scripts by component.py.
//
// While Streamlit still loads a script, the calls that wait for it may come in any order: an answer to an earlier
// click could be drawn over that to a later one. Python writes on each what it sends when it was first sent.
const newest = new WeakMap();

function overtaken(place, { sent }) {
  if (sent < (newest.get(place) ?? 0)) return true;
  newest.set(place, sent);
  return false;
}

