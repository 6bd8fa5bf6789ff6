import { SEQS_MAX } from "../native/corrections.ts";
import {
  FROM,
  json,
  type Operations,
  query,
  SYMBOL,
  SYMBOL_IN_PATH,
  TEXT,
  TO,
  words,
} from "./operation.ts";
import { ref } from "./values.ts";

const DRY_RUN = query(
  "dry_run",
  "only counts the ticks and changes nothing",
  words(["true", "false"], "false"),
);
const ANSWER = {
  200: json("number of cancelled ticks, and position of the correction", {
    type: "object",
    properties: {
      cancelled: { type: "integer", minimum: 0 },
      position: ref("Position"),
      dry_run: { const: true },
    },
    required: ["cancelled", "position"],
  }),
};
const CODES = {
  404: ["unknown_symbol"],
  503: ["log_unavailable"],
  507: ["tape_full"],
};

/** Operations that cancel ticks sent by mistake. */
export const CORRECTION_OPERATIONS: Operations = {
  "DELETE /ticks": {
    summary: "Cancels ticks of a symbol",
    description: "Select them by seq, or by from, to, or both.",
    parameters: [
      SYMBOL,
      query("seq", `comma list of seqs or positions, at most ${SEQS_MAX}`, TEXT),
      ...[FROM, TO, DRY_RUN],
    ],
    answers: ANSWER,
    codes: {
      ...CODES,
      400: ["bad_parameter", "bad_symbol", "bad_seq", "bad_from", "bad_to", "bad_dry_run"],
      410: ["gone"],
      500: ["tape_unreadable"],
    },
  },
  "DELETE /symbols/:symbol{.+}": {
    summary: "Cancels all ticks of a symbol and removes the symbol",
    parameters: [SYMBOL_IN_PATH, DRY_RUN],
    answers: ANSWER,
    codes: { ...CODES, 400: ["bad_parameter", "bad_symbol", "bad_dry_run"] },
  },
};
