import process from "node:process";

/**
 * The browser of the tests: Chromium without a window, which needs less than two thirds of the CPU time. Another
 * one can be named in the environment.
 */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium-headless-shell";
