// Several series in one chart: their medians, each with a translucent area from the lowest to the highest answer.

import { html } from "../vendor/preact.js";
import { Figure } from "../detail/figure.js";
import { useGliding, usePanels } from "../detail/panels.js";
import { useRounds } from "../detail/rounds.js";
import { named } from "../detail/words.js";
import { plain, useZoom } from "../detail/zoom.js";
import { model, useModel } from "../model.js";
import { useRoute } from "../route.js";

/** What is shown while the address says nothing. */
const DEFAULT_SECONDS = 10800;

/**
 * A chart that zooms, follows and reads as those of a target do. A zoom goes into the address.
 * @param {{lines: {id: string, name: string, color: string}[], from?: string, to?: string, height?: number, label?: string}} props
 * `from`, `to`: as the address has them, and the address's own unless given; series that there are not are left out
 */
export function OverlayChart({ lines, from, to, height = 260, label }) {
  const { outline } = useModel();
  const route = useRoute();
  const members = lines.flatMap(({ id, name, color }) => {
    const index = model.indices.get(id);
    return index === undefined ? [] : [{ id, index, name, color }];
  });
  const ids = members.map(({ id }) => id);
  const zoom = useZoom(ids[0] ?? "");
  // Where the address has a range, it may be one that only the server can read.
  const range = (from && from !== route.from ? plain(from, to ?? "") : zoom.range) ?? { seconds: DEFAULT_SECONDS };
  const gliding = useGliding();
  const panels = usePanels(members.length ? [{ key: ids.join(), members }] : [], [range], true, outline?.plan ?? "");
  const known = useRounds(ids, (id, round) => panels.current.forEach((panel) => panel.add(id, round)),
    () => panels.current.forEach((panel) => panel.reload()));
  if (zoom.pending) return null;
  return html`${panels.current.map((panel) => html`<${Figure} key=${panel.key} panel=${panel} at=${0} label=${label ?? named(range)} range=${range}
    height=${height} zoomed=${route.from !== ""} named=${false} gliding=${gliding} known=${known} spans=${[]} />`)}`;
}
