// The year by the keyboard: arrows go from day to day, a week up and down, Home and End to the ends of a month.
const year = document.querySelector("[data-year]");
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

year?.addEventListener("keydown", (event) => {
  const day = event.target.closest("[data-day]");
  if (!day || event.ctrlKey || event.altKey || event.metaKey) return;
  const days = [...year.querySelectorAll("[data-day]")];
  let next;
  if (event.key in STEPS) {
    next = days[days.indexOf(day) + STEPS[event.key]];
  } else if (event.key === "Home" || event.key === "End") {
    const month = [...day.closest("table").querySelectorAll("[data-day]")];
    next = event.key === "Home" ? month[0] : month[month.length - 1];
  } else {
    return;
  }
  event.preventDefault();
  next?.focus();
});
