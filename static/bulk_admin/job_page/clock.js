// Counts down to moments that the server sent, by the server's clock.
const words = (seconds) => (seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);

export function startClock() {
  let seenNow = "";
  let offset = 0;
  const tick = () => {
    const now = document.getElementById("job-status").dataset.now;
    if (now !== seenNow) {
      seenNow = now;
      offset = Date.parse(now) - Date.now();
    }
    for (const place of document.querySelectorAll("[data-until]")) {
      const left = Math.ceil((Date.parse(place.dataset.until) - Date.now() - offset) / 1000);
      place.textContent = left > 0 ? words(left) : "a moment";
    }
  };
  tick();
  setInterval(tick, 1000);
}
