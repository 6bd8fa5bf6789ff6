// Serves the test pages from an origin of their own.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PAGES = fileURLToPath(new URL("pages", import.meta.url).href);
const PACKAGES = fileURLToPath(new URL("../../node_modules", import.meta.url).href);
/** @type {Record<string, string>} */
const SCRIPTS = {
  "/ag-grid.js": join(PACKAGES, "ag-grid-community/dist/ag-grid-community.min.js"),
  "/plotly.js": join(PACKAGES, "plotly.js-dist-min/plotly.min.js"),
};

/** @param {string} name @returns the address of a page as a local file */
export function pageFile(name) {
  return new URL(`pages/${name}`, import.meta.url).href;
}

/**
 * Serves the pages on a port.
 * @param {number} port
 */
export async function startPages(port) {
  const server = createServer(async ({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    const path = SCRIPTS[pathname] ?? join(PAGES, pathname);
    const text = await readFile(path).catch(() => undefined);
    const type = path.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8";
    response.writeHead(text === undefined ? 404 : 200, { "content-type": type });
    response.end(text);
  });
  await new Promise((done) => server.listen(port, "localhost", () => done(undefined)));
  return {
    origin: `http://localhost:${port}`,
    stop: () => new Promise((done) => (server.close(done), server.closeAllConnections())),
  };
}
