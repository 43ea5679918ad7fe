// Draws the figures one after another, so that the page can be read at once.
const PRINT_WIDTH = 640; // pixels that fit a printed page
const NARROW = 600; // below, names on the map would cover it: its legend has them
const figures = [...document.querySelectorAll("figure")].filter((f) => f.querySelector(".plot"));

function draw(figure) {
  const plot = figure.querySelector(".plot");
  const { data, layout, config } = JSON.parse(figure.querySelector("script").textContent);
  if (plot.clientWidth < NARROW && layout.yaxis?.scaleanchor) {
    delete layout.yaxis.scaleanchor;
    delete layout.annotations;
  }
  return Plotly.newPlot(plot, data, layout, config).then(() => { figure.dataset.drawn = "yes"; });
}

async function drawAll() {
  for (const figure of figures) {
    await draw(figure);
    await new Promise((done) => setTimeout(done));
  }
  document.body.dataset.drawn = figures.length;
}

const button = document.getElementById("show-code");
button.addEventListener("click", () => {
  const shown = document.body.classList.toggle("with-code");
  button.textContent = shown ? "Hide code" : "Show code";
  button.setAttribute("aria-pressed", shown);
});

window.addEventListener("beforeprint", () => {
  for (const figure of figures) Plotly.relayout(figure.querySelector(".plot"), { width: PRINT_WIDTH });
});
window.addEventListener("afterprint", () => {
  for (const figure of figures) Plotly.relayout(figure.querySelector(".plot"), { width: null, autosize: true });
});

drawAll();
