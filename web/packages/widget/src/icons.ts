/** The few signs of the widget, as paths: no font and no picture is loaded for them. */

const MICROPHONE = ["M12 3.5a3 3 0 0 0-3 3V12a3 3 0 0 0 6 0V6.5a3 3 0 0 0-3-3Z", "M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"];
const PATHS = {
  talk: MICROPHONE,
  mute: [...MICROPHONE, "m4 4 16 16"],
  stop: ["M9.2 7h5.6A2.2 2.2 0 0 1 17 9.2v5.6a2.2 2.2 0 0 1-2.2 2.2H9.2A2.2 2.2 0 0 1 7 14.8V9.2A2.2 2.2 0 0 1 9.2 7Z"],
  end: [
    "M2.8 15v-.8c0-1 .5-1.9 1.3-2.4C6.3 10.3 9 9.4 12 9.4s5.7.9 7.9 2.4c.8.5 1.3 1.4 1.3 2.4v.8c0 .7-.7 1.2-1.4 1l-3.3-1a1.2 1.2 0 0 1-.8-1.1v-1.3a12 12 0 0 0-7.4 0v1.3c0 .5-.3 1-.8 1.1l-3.3 1c-.7.2-1.4-.3-1.4-1Z",
  ],
  send: ["M12 19V5.5M6 11.2l6-6 6 6"],
  hear: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Z", "M15.5 9a4.2 4.2 0 0 1 0 6M18.2 6.5a7.8 7.8 0 0 1 0 11"],
  close: ["M6 9.5l6 6 6-6"],
  dismiss: ["m7 7 10 10M17 7 7 17"],
  good: ["M7 11v8.5H4.5A1.5 1.5 0 0 1 3 18v-5.5A1.5 1.5 0 0 1 4.5 11H7Zm0 0 3.6-7a2.4 2.4 0 0 1 2.4 2.4V9.5h5.2a2 2 0 0 1 2 2.35l-1.1 6a2 2 0 0 1-2 1.65H7"],
  bad: ["M17 13V4.5h2.5A1.5 1.5 0 0 1 21 6v5.5a1.5 1.5 0 0 1-1.5 1.5H17Zm0 0-3.6 7a2.4 2.4 0 0 1-2.4-2.4v-3.1H5.8a2 2 0 0 1-2-2.35l1.1-6a2 2 0 0 1 2-1.65H17"],
} as const;

const SVG = "http://www.w3.org/2000/svg";

/** A sign of 24 by 24, in the colour of the text, that a screen reader passes over. */
export function icon(name: keyof typeof PATHS): SVGElement {
  const sign = document.createElementNS(SVG, "svg");
  const look = { viewBox: "0 0 24 24", class: `icon ${name}`, "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(look)) sign.setAttribute(key, value);
  for (const line of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    sign.append(path);
  }
  return sign;
}
