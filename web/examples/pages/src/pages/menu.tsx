import type { ReactNode } from "react";

const COURSES = [
  {
    name: "To begin",
    dishes: [
      ["Leek and potato soup", "burnt butter, chives", "8"],
      ["Beetroot from the embers", "goat’s curd, hazelnut", "9"],
      ["Mackerel on toast", "cucumber, horseradish", "11"],
    ],
  },
  {
    name: "From the oven",
    dishes: [
      ["Half a chicken", "lemon, new potatoes, its own juice", "22"],
      ["Shoulder of lamb for two", "white beans, mint", "46"],
      ["Squash and barley", "sage, brown cheese", "17"],
    ],
  },
  {
    name: "To end",
    dishes: [
      ["Apple tart", "made when you ask, so twenty minutes", "9"],
      ["Two cheeses", "oatcakes, quince", "12"],
    ],
  },
] as const;

export function Menu(): ReactNode {
  return (
    <main className="plain">
      <p className="over">Today</p>
      <h1>The menu</h1>
      <p className="lead">
        The conversation in the corner goes on while you read: ask what is in a dish, or book.
      </p>
      <div className="courses">
        {COURSES.map(({ name, dishes }) => (
          <section key={name}>
            <h2>{name}</h2>
            <ul>
              {dishes.map(([dish, besides, price]) => (
                <li key={dish}>
                  <span className="dish">{dish}</span>
                  <span className="price">{price}</span>
                  <span className="besides">{besides}</span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </main>
  );
}
