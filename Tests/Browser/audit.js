// What is wrong with the page that is open, as a list of sentences.
(() => {
    const faults = [];
    const all = [...document.querySelectorAll("*")];
    const name = element => `<${element.tagName.toLowerCase()}> "${element.textContent.trim().slice(0, 40)}"`;

    // Nothing of a row became a part of the page.
    for (const element of all) {
        // The one script of a report filters its rows.
        const isFilter = element.tagName === "SCRIPT" && document.body.className === "report"
            && element === document.body.lastElementChild;
        if (!isFilter && ["SCRIPT", "IFRAME", "OBJECT", "EMBED", "IMG", "BASE", "TEXTAREA"].includes(element.tagName))
            faults.push(`there is ${name(element)}`);
        for (const attribute of element.attributes)
            if (attribute.name.startsWith("on") || attribute.name === "style")
                faults.push(`${name(element)} has ${attribute.name}`);
        const href = element.getAttribute("href");
        // Links on the server are relative, so that they work under a path.
        if (href && !/^(#|\.\/|\.\.\/)/.test(href) && element.tagName === "A") faults.push(`${name(element)} leads to ${href}`);
    }
    if (window.ran) faults.push("a script ran");
    if (document.querySelectorAll("script").length > 1) faults.push("there are several scripts");

    // The page fits.
    if (document.documentElement.scrollWidth > window.innerWidth)
        faults.push(`it is ${document.documentElement.scrollWidth} wide, and the window ${window.innerWidth}`);

    // Its parts say what they are.
    for (const selector of ["h1", "main", "header.top", "nav", "footer"])
        if (document.querySelectorAll(selector).length < 1) faults.push(`there is no ${selector}`);
    if (document.querySelectorAll("h1").length !== 1 || document.querySelectorAll("main").length !== 1)
        faults.push("there is not one h1 and one main");
    if (!document.documentElement.lang) faults.push("it has no language");
    const ids = all.map(element => element.id).filter(id => id);
    if (new Set(ids).size !== ids.length) faults.push("ids are there twice");
    for (const element of document.querySelectorAll("[aria-labelledby]"))
        for (const id of element.getAttribute("aria-labelledby").split(" "))
            if (!document.getElementById(id)) faults.push(`${name(element)} is labelled by ${id}, which is not there`);
    for (const field of document.querySelectorAll("input:not([type=hidden]), select"))
        if (field.labels.length !== 1) faults.push(`the field ${field.name} has no label`);
    for (const cell of document.querySelectorAll("th")) if (!cell.scope) faults.push(`${name(cell)} has no scope`);
    for (const link of document.querySelectorAll("a, button"))
        if (!link.textContent.trim()) faults.push(`${link.outerHTML.slice(0, 80)} has no text`);
    for (const plot of document.querySelectorAll("svg"))
        if (!plot.querySelector("title") || !plot.querySelector("desc")) faults.push("a plot has no title or text");
    let level = 0;
    for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
        const next = Number(heading.tagName[1]);
        if (next > level + 1) faults.push(`${name(heading)} follows a heading of level ${level}`);
        level = next;
    }

    // What scrolls can be scrolled with the keyboard.
    for (const element of all) {
        const style = getComputedStyle(element);
        const scrolls = ["auto", "scroll"].includes(style.overflowX) && element.scrollWidth > element.clientWidth;
        if (scrolls && element !== document.documentElement && element.tabIndex < 0)
            faults.push(`${name(element)} scrolls, and cannot have the focus`);
    }

    // Text can be read: the contrast of WCAG 2, against the nearest background that is not transparent.
    const colour = text => {
        const parts = text.match(/[\d.]+/g).map(Number);
        return { parts: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
    };
    const luminance = parts => {
        const [red, green, blue] = parts.map(part => {
            const value = part / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const background = element => {
        for (let parent = element; parent; parent = parent.parentElement) {
            const found = colour(getComputedStyle(parent).backgroundColor);
            if (found.alpha === 1) return found.parts;
        }
        return [255, 255, 255];
    };
    const seen = new Set();
    for (const element of all) {
        const hasText = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.getClientRects().length || ["TITLE", "DESC", "OPTION"].includes(element.tagName.toUpperCase()))
            continue;
        const style = getComputedStyle(element);
        const ink = luminance(colour(element.closest("svg") ? style.fill : style.color).parts);
        const paper = luminance(background(element));
        const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        const place = `${element.tagName}.${element.getAttribute("class")}`;
        if (contrast < 4.5 && !seen.has(place)) {
            seen.add(place);
            faults.push(`${name(element)} has a contrast of ${contrast.toFixed(2)}`);
        }
    }
    return faults;
})()
