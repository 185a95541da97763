// Several series in one chart: their medians, each with a translucent area from the lowest to the highest answer.

import { html } from "../vendor/preact.js";
import { Figure } from "../detail/figure.js";
import { useGliding, usePanels } from "../detail/panels.js";
import { useRounds } from "../detail/rounds.js";
import { named } from "../detail/words.js";
import { useZoom } from "../detail/zoom.js";
import { model, useModel } from "../model.js";

/** What is shown while the address says nothing. */
const DEFAULT_SECONDS = 10800;

/**
 * A chart that zooms, follows and reads as those of a target do. The range is the address's.
 * @param {{lines: {id: string, name: string, color: string}[], seconds?: number, height?: number, label?: string}} props
 * `seconds` up to now unless the address says otherwise; series that there are not are left out
 */
export function OverlayChart({ lines, seconds = DEFAULT_SECONDS, height = 260, label }) {
  const { outline } = useModel();
  const members = lines.flatMap(({ id, name, color }) => {
    const index = model.indices.get(id);
    return index === undefined ? [] : [{ id, index, name, color }];
  });
  const ids = members.map(({ id }) => id);
  const zoom = useZoom(ids[0] ?? "");
  const range = zoom.range ?? { seconds };
  const gliding = useGliding();
  const panels = usePanels(members.length ? [{ key: ids.join(), members }] : [], [range], true, outline?.plan ?? "");
  const known = useRounds(ids, (id, round) => panels.current.forEach((panel) => panel.add(id, round)),
    () => panels.current.forEach((panel) => panel.reload()));
  if (zoom.pending) return null;
  return html`${panels.current.map((panel) => html`<${Figure} key=${panel.key} panel=${panel} at=${0} label=${label ?? named(range)} range=${range}
    height=${height} zoomed=${true} named=${false} gliding=${gliding} known=${known} spans=${[]} />`)}`;
}
