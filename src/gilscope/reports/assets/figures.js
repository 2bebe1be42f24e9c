const views = new Map()

painters.push(name => {
  for (const view of views.values()) view.signal("ink", INK[name]).run()
})

function chosen(article) {
  const form = article.querySelector("form")
  return Object.fromEntries(form ? new FormData(form) : [])
}

// What belongs to no kernel or strategy always matches.
function matches(row, choice) {
  return ["kernel", "strategy"].every(name => !choice[name] || row[name] === undefined || row[name] === choice[name])
}

async function draw(box, choice) {
  const figure = FIGURES[box.dataset.figure]
  const datasets = {}
  for (const name in figure.rows) datasets[name] = figure.rows[name].filter(row => matches(row, choice))
  const rows = Object.values(datasets).flat()
  const other = figure.kernel && choice.kernel && choice.kernel !== figure.kernel
  const empty = other || (figure.kernel && !rows.some(row => row.strategy !== undefined))
  box.closest("figure").hidden = empty
  if (empty) return
  const spec = { ...(figure.specs[choice.axis] || Object.values(figure.specs)[0]) }
  spec.params = spec.params.map(each => each.name === "ink" ? { ...each, value: INK[theme()] } : each)
  const actions = { export: true, source: false, compiled: false, editor: false }
  const renderer = figure.canvas ? "canvas" : "svg"
  const result = await vegaEmbed(box, { ...spec, datasets: { ...spec.datasets, ...datasets } }, { config: CONFIG, actions, renderer })
  views.get(box)?.finalize()
  views.set(box, result.view)
  result.view.signal("ink", INK[theme()]).run()
}

async function show(article) {
  const choice = chosen(article)
  const rows = [...article.querySelectorAll("tr[data-kernel]")]
  for (const row of rows) row.hidden = !matches(row.dataset, choice)
  const cases = rows.filter(row => row.closest(".cases"))
  const count = article.querySelector("output")
  if (count) count.value = `${cases.filter(row => !row.hidden).length} of ${cases.length} cases`
  for (const box of article.querySelectorAll(".plot")) await draw(box, choice)
}

async function start() {
  for (const article of document.querySelectorAll("article")) {
    if (!article.querySelector(".plot")) continue
    // One drawing after the other: the last choice is drawn last.
    let last = show(article)
    article.querySelector("form")?.addEventListener("change", () => { last = last.then(() => show(article)) })
    await last
  }
}
started.push(start())
