import { expect, test } from "./support/app.ts";

test("a screen leads to the page that explains it, in which the documentation is searched by keyboard", async ({
  page,
}) => {
  await page.goto("/");
  const opened = page.waitForEvent("popup");
  await page.getByTestId("docs-start").click();
  const docs = await opened;
  await docs.waitForLoadState();
  await expect(docs.getByRole("heading", { level: 1 })).toContainText("your own image model");
  await expect(docs.getByRole("navigation", { name: "Contents" }).locator("[aria-current]")).toHaveText(
    "Your own image model",
  );
  await docs.keyboard.press("/");
  await docs.keyboard.type("measured sensitiv");
  await expect(docs.locator("#found a").first()).toContainText("Sensitivity");
  await docs.keyboard.press("ArrowDown");
  await docs.keyboard.press("Enter");
  await expect(docs.getByRole("heading", { level: 1 })).toHaveText("Sensitivity");
});
