"""Looks at `kaos ui` in a browser: check.py CHROMIUM all|tampered|hostile|written URL MORE. Prints what was seen; fails with what was not as it must be."""

import json
import os
import pathlib
import re
import sys
import time
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

chromium, what, url, more = sys.argv[1:]
base = url.split("#")[0]
ARGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
PICTURES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "ui" if os.environ.get("KAOS_SCREENSHOTS") else None
MOST_BYTES = 200_000

wrong = []

# Everything that can be used has a name, and every text can be told from its ground (WCAG 2.2, 1.4.3 and 4.1.2).
AUDIT = r"""() => {
  const bad = [];
  const shown = (it) => it.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && !it.closest('.unseen');
  for (const it of document.querySelectorAll('button, a, input, select, textarea, summary')) {
    const name = it.getAttribute('aria-label') || it.labels?.[0]?.textContent || it.textContent || it.title;
    if (shown(it) && !name.trim()) bad.push('without a name: ' + it.outerHTML.slice(0, 90));
  }
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
  const light = ([r, g, b]) => { const l = [r, g, b].map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const it = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(it) || it.closest('svg, script, option')) continue;
    let ground = it;
    while (ground && rgb(getComputedStyle(ground).backgroundColor)[3] < 255) ground = ground.parentElement;
    const [a, b] = [light(rgb(getComputedStyle(it).color)), light(rgb(ground ? getComputedStyle(ground).backgroundColor : 'white'))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`contrast ${ratio.toFixed(2)}: ${it.className} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...new Set(bad)];
}"""


def must(holds, words):
    if not holds:
        wrong.append(words)


def watch(page, origin):
    page.on("console", lambda it: it.type in ("error", "warning") and wrong.append(f"console: {it.text}"))
    page.on("pageerror", lambda it: wrong.append(f"script: {it}"))
    page.on("request", lambda it: urlsplit(it.url).netloc in ("", urlsplit(origin).netloc) or wrong.append(f"asks {it.url}"))
    page.on("dialog", lambda it: (wrong.append(f"a dialog: {it.message}"), it.dismiss()))


def picture(page, name, **how):
    if not PICTURES:
        return
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, **how)
    must(path.stat().st_size < MOST_BYTES, f"{path.name} has {path.stat().st_size} bytes")


def audit(page, where):
    for it in page.evaluate(AUDIT):
        wrong.append(f"{where}: {it}")


HIDDEN = re.compile("[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")


def all_seen(page, where):
    """No hidden character is in a text, a choice, a tooltip, what is read aloud, or what the window is called."""
    texts = page.eval_on_selector_all(
        "body *",
        "all => all.flatMap(it => [it.getAttribute('title'), it.getAttribute('aria-label'), ...[...it.childNodes].filter(n => n.nodeType === 3).map(n => n.data)])",
    )
    found = [it for it in (page.title(), *texts) if it and HIDDEN.search(it)]
    must(not found, f"{where}: hidden characters: {found[:3]!a}")


def narrow(page, where):
    """Nothing is cut off at 400 px."""
    size = page.viewport_size
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_timeout(80)
    wide = page.evaluate("document.documentElement.scrollWidth")
    over = page.eval_on_selector_all(
        "body *",
        "all => all.filter(it => it.getBoundingClientRect().right > 400.5).map(it => `${it.tagName}.${it.className}: ${it.textContent.slice(0, 60)}`)",
    )
    must(wide <= 400, f"{where}: {wide} px wide at 400 px: {over[-4:]!a}")
    picture(page, f"narrow-{where}") if where in ("runs",) else None
    page.set_viewport_size(size)


def go(page, fragment, wait):
    page.goto(f"{base}#/{fragment}")
    page.wait_for_selector(wait, timeout=15_000)


def listed(page, count):
    """So many runs are shown; waited for by locators, since the pages' policy lets nothing be evaluated."""
    expect(page.locator(".runs .run")).to_have_count(count, timeout=10_000)


def all_pages(page, folder):
    page.goto(url)  # with the token, which must not stay in the address
    page.wait_for_selector(".runs .run")
    page.wait_for_selector(".badge.good", timeout=30_000)
    must("token" not in page.url, "the token stays in the address")
    shown = page.locator(".runs .run").count()
    must(shown >= 6, f"{shown} runs are shown")
    must("record" in page.inner_text(".badge"), f"the badge says {page.inner_text('.badge')}")
    runs(page)
    run(page)
    compare(page)
    numbers(page)
    go(page, "session/lease-7", ".turns > li")
    must(page.locator(".turns > li").count() >= 2, "the session's turns are not there")
    audit(page, "session")
    narrow(page, "session")
    go(page, "trust", ".trail .verdict-word")
    must("INTACT" in page.inner_text(".trail"), "trust does not say INTACT")
    picture(page, "trust")
    audit(page, "trust")
    narrow(page, "trust")
    agents(page)
    dark(page)


def runs(page):
    audit(page, "runs")
    picture(page, "runs")
    narrow(page, "runs")
    total = page.locator(".runs .run").count()
    page.keyboard.press("/")
    page.keyboard.type("36 times")
    listed(page, 1)
    must("text=36" in page.url, f"the address does not say what is searched: {page.url}")
    must(page.locator(".redacted").count() > 0, "the card number is not shown as redacted")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    listed(page, total)
    page.select_option("select[aria-label=Agent]", "researcher")
    expect(page.locator(".runs .run")).not_to_have_count(total)
    page.select_option("select[aria-label=Agent]", "")
    listed(page, total)
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    must(page.locator(".run.chosen").count() == 1, "j chooses no run")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.locator(".run.chosen > a").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".row")


def run(page):
    go(page, "runs?text=deposit", ".runs .run")
    listed(page, 1)
    page.locator(".runs .run > a").click()
    page.wait_for_selector(".row.turn")
    rows = page.locator(".row").count()
    must(rows >= 25, f"{rows} spans of three processes are shown")
    agents = {it for it in page.locator(".row.turn .text").all_inner_texts()}
    must(len(agents) == 3, f"the agents of the trace: {agents}")
    page.locator(".row.llm_call").nth(1).click()
    page.wait_for_selector(".panel .conversation .message:visible")
    must(page.locator(".panel .message.user").count() > 0, "no conversation is shown")
    audit(page, "run")
    picture(page, "run")
    page.locator(".row.tool_call").first.click()
    page.wait_for_selector(".panel:has-text('Arguments')")
    linked = page.url
    must("span=" in linked, "the span is not in the address")
    page.reload()
    page.wait_for_selector(".panel:has-text('Arguments')")
    page.keyboard.press("Escape")
    must(page.locator(".panel:visible").count() == 0, "Esc does not close the panel")
    before = page.get_attribute(".row.selected", "id")
    page.keyboard.press("j")
    must(page.get_attribute(".row.selected", "id") != before, "j goes nowhere in the tree")
    page.keyboard.press("Enter")
    page.wait_for_selector(".panel:visible section")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    page.keyboard.press("z")
    narrow(page, "run")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Prove this run").click()
    proof = pathlib.Path(saved.value.path()).read_text().splitlines()
    must(json.loads(proof[0])["records"] == len(proof) - 1 >= 40, f"the proof has {len(proof)} lines")
    pathlib.Path(more, "proof.jsonl").write_text("\n".join(proof) + "\n")
    must(len(page.pdf()) > 10_000, "it does not print")


def compare(page):
    go(page, "runs?session=short", ".runs .run")
    listed(page, 2)
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_selector(".pick")
    page.locator(".pick").nth(1).click()
    page.wait_for_selector(".pair.first")
    must(page.locator(".pair.first").count() == 1, "the first difference is not marked")
    page.get_by_role("button", name="to the first difference").click()
    page.evaluate("scrollTo(0, 0)")
    audit(page, "compare")
    picture(page, "compare")
    narrow(page, "compare")


def numbers(page):
    go(page, "numbers", ".tile")
    must(page.locator("svg.chart").count() >= 3, "charts are missing")
    audit(page, "numbers")
    picture(page, "numbers")
    narrow(page, "numbers")


def agents(page):
    go(page, "agents", ".component")
    must(page.locator(".component").count() == 6, "not all components are shown")
    audit(page, "agents")
    narrow(page, "agents")
    page.select_option(".ask select", "coordinator")
    page.fill("#question", "What does the lease cost, live?")
    page.keyboard.press("Enter")
    page.wait_for_selector("a:has-text('its run, live')", timeout=20_000)
    page.wait_for_selector(".asked .assistant:has-text('45000')", timeout=20_000)
    picture(page, "agents")
    page.get_by_text("its run, live").click()
    page.wait_for_selector(".run-head .state.complete", timeout=20_000)
    must("live" in page.inner_text("h1"), "the run that was asked for is not shown")
    # What is new comes into the list by itself.
    go(page, "runs", ".runs .run")
    before = page.locator(".runs .run").count()
    page.evaluate(
        """async () => { const key = localStorage.getItem('kaos-ui-token');
        await (await fetch('/api/ask', {method: 'POST', headers: {Authorization: `Bearer ${key}`}, body: JSON.stringify({agent: 'analyst', question: 'again'})})).text(); }"""
    )
    listed(page, before + 1)


def dark(page):
    page.emulate_media(color_scheme="dark")
    for where, wait in (("runs", ".runs .run"), ("numbers", ".tile"), ("trust", ".trail .verdict-word"), ("agents", ".component")):
        go(page, where, wait)
        audit(page, f"dark {where}")
    go(page, "runs?text=deposit", ".runs .run")
    listed(page, 1)
    page.locator(".runs .run > a").click()
    page.wait_for_selector(".row.turn")
    page.locator(".row.tool_call").first.click()
    page.wait_for_selector(".panel:has-text('Arguments')")
    audit(page, "dark run")
    picture(page, "run-dark")


def tampered(page, kind):
    """What was done shows on every page."""
    page.goto(url)
    expected = {"flipped": ".badge.bad", "cut": ".badge.warn", "forged": ".badge:has-text('unsigned tail')"}[kind]
    page.wait_for_selector(expected, timeout=20_000)
    page.wait_for_selector(".runs .run")
    page.wait_for_selector({"flipped": ".run.damaged", "cut": ".run.damaged", "forged": ".run:has-text('unsigned')"}[kind], timeout=10_000)
    if kind == "flipped":
        picture(page, "tampered")
    audit(page, kind)
    link = page.locator(".run.damaged > a" if kind != "forged" else ".run:has-text('unsigned') > a").first
    link.click()
    page.wait_for_selector(".notice.bad" if kind != "forged" else ".notice.warn")
    page.wait_for_selector(expected)
    for where, wait in (("numbers", ".tile"), ("trust", ".trail"), ("agents", ".empty, .component")):
        go(page, where, wait)
        must(page.locator(expected).count() == 1, f"{kind}: {where} does not say so")
    go(page, "trust", ".trail")
    said = page.inner_text(".trail")
    word = {"flipped": "NOT INTACT", "cut": "TORN", "forged": "no checkpoint covers"}[kind]
    must(word in said, f"trust does not say {word}: {said[:200]}")
    narrow(page, kind)


def hostile(page, _more):
    """Nothing of it is executed, and no page becomes wider than its window."""
    page.goto(url)
    page.wait_for_selector(".runs .run")
    seen = 0
    links = page.eval_on_selector_all(".runs .run > a", "all => all.map(it => it.getAttribute('href'))")
    sessions = set()
    for link in links[:4]:
        page.goto(f"{base}{link}")
        page.wait_for_selector(".row")
        sessions.update(page.eval_on_selector_all(".run-head a[href^='#/session']", "all => all.map(it => it.getAttribute('href'))"))
        for at in range(min(page.locator(".row").count(), 14)):
            page.locator(".row").nth(at).click()
            page.wait_for_selector(".panel:visible .events")
            closed = page.locator(".panel details:not([open]) > summary:visible")
            for _ in range(12):
                if closed.count() == 0:
                    break
                closed.first.click()
            seen += 1
        narrow(page, "hostile run")
        all_seen(page, "hostile run")
        page.keyboard.press("Escape")
    must(seen >= 7, f"only {seen} spans were looked at")
    for where, wait in (("runs?nested=1", ".runs .run"), ("numbers", ".tile"), ("trust", ".trail"), *((it[2:], ".turns > li") for it in sorted(sessions)[:2])):
        go(page, where, wait)
        narrow(page, f"hostile {where}")
        all_seen(page, f"hostile {where}")
    if len(links) > 1:
        go(page, f"compare/{links[0][6:]}/{links[1][6:]}", ".pairs")
        narrow(page, "hostile compare")
    unhurt(page)


def unhurt(page):
    must(page.evaluate("window.hit === undefined && ({}).hit === undefined"), "what a trail said was executed")
    must(page.evaluate("document.querySelectorAll('script').length") <= 2, "a script was added")
    must(page.evaluate("[...document.querySelectorAll('img, iframe, object, embed, form[action], [onclick], [onerror]')].length") == 0, "markup was added")
    must(page.evaluate("[...document.querySelectorAll('a')].every(it => /^(#|http:.*#)/.test(it.getAttribute('href')))"), "a link goes elsewhere")


def large(page, more):
    """How long it takes, and how much memory: index at most 60 s, a list 200 ms, 5 000 spans 500 ms, 200 MB."""
    process, trace, root = more.split()
    begun = time.monotonic()
    page.goto(url)

    def state():
        return page.evaluate("async () => (await fetch('/api/state')).json()")

    def memory(what):
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        return int(re.search(what + r":\s+(\d+) kB", status).group(1)) // 1024

    while not (trails := state()["trails"]) or trails[0]["indexed"] < trails[0]["bytes"] or not trails[0]["bytes"]:
        time.sleep(0.1)
    index = time.monotonic() - begun
    runs = state()["runs"]
    lists = page.evaluate(
        """async () => { const took = []; for (const of of ['', '&text=lease+9999', '&agent=analyst&status=error', '&tool=search&offset=5000', '&session=session-100']) {
        const begun = performance.now(); await (await fetch('/api/runs?limit=100' + of)).json(); took.push(performance.now() - begun); } return took; }"""
    )
    page.goto("about:blank")
    page.goto(f"{base}#/runs")
    page.wait_for_selector(".runs .run")
    drawn = page.evaluate(
        """async ([hash]) => { const begun = performance.now(); location.hash = hash;
        while (!document.querySelector('.row.tool_call .label')) await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame); return performance.now() - begun; }""",
        [f"#/run/{trace}/{root}"],
    )
    scrolled = page.evaluate(
        """async () => { const rows = document.querySelector('.rows'); const begun = performance.now(); rows.scrollTop = rows.scrollHeight;
        await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame); return performance.now() - begun; }"""
    )
    spans = page.evaluate("document.querySelector('.space').style.height")
    print(f"{runs} runs: index {index:.1f} s; lists {', '.join(f'{it:.0f}' for it in lists)} ms; {int(spans[:-2]) // 26} spans drawn in {drawn:.0f} ms, scrolled in {scrolled:.0f} ms; memory {memory('VmRSS')} MB, at most {memory('VmHWM')} MB")
    must(index <= 60, "the index takes too long")
    must(max(lists) <= 200, "a list takes too long")
    must(drawn <= 500, "5 000 spans take too long")
    must(memory("VmHWM") <= 200, "it takes too much memory")


def written(page, _more):
    """A run as a file of its own."""
    page.goto(url)
    page.wait_for_selector(".row")
    page.locator(".row").nth(2).click()
    page.wait_for_selector(".panel:visible .events")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    narrow(page, "written")
    unhurt(page)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
    page = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light").new_page()
    watch(page, base)
    began = time.monotonic()
    try:
        {"all": all_pages, "tampered": tampered, "hostile": hostile, "large": large, "written": written}[what](page, more)
    except Exception as error:  # what was wrong before may be why
        wrong.append(re.sub(r"\s+", " ", str(error))[:400])
        page.screenshot(path=f"/tmp/kaos-ui-failed-{os.getpid()}.png")
        wrong.append(f"(the page is at {page.url}, its picture in /tmp/kaos-ui-failed-{os.getpid()}.png)")
    browser.close()
if wrong:
    sys.exit("\n".join(dict.fromkeys(wrong)))
print(f"{what} {more if what == 'tampered' else ''}: {time.monotonic() - began:.1f} s")
