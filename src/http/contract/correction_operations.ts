import { SEQS_MAX } from "../corrections.ts";
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

const DRY_RUN = query("dry_run", "counts, and changes nothing", words(["true", "false"], "false"));
const ANSWER = {
  200: json("how many ticks, and where that stands on the tape", {
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

/** What takes back what was sent by mistake. */
export const CORRECTION_OPERATIONS: Operations = {
  "DELETE /ticks": {
    summary: "Takes ticks of a symbol back",
    description: "They are named by seq, or by from, to, or both.",
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
    summary: "Takes all of a symbol back, and the symbol itself",
    parameters: [SYMBOL_IN_PATH, DRY_RUN],
    answers: ANSWER,
    codes: { ...CODES, 400: ["bad_parameter", "bad_symbol", "bad_dry_run"] },
  },
};
