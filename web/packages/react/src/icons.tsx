/** The few pictures on buttons, drawn in the button's own colour. */
import type { ReactNode } from "react";

const PATHS = {
  microphone: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15Zm6.5-3.5a6.5 6.5 0 0 1-13 0M12 18v3",
  muted: "M15.5 9.500V6.500a3.500 3.500 0 0 0-6.800-1.200M8.500 8.500v3a3.500 3.500 0 0 0 5.200 3.050M18.500 11.500a6.480 6.480 0 0 1-.9 3.300M15.600 16.900A6.500 6.500 0 0 1 5.500 11.500M12 18v3M4 4l16 16",
  call: "M6.500 4h2.200a1 1 0 0 1 1 .8l.6 2.700a1 1 0 0 1-.4 1L8.200 9.800a11.500 11.500 0 0 0 6 6l1.300-1.700a1 1 0 0 1 1-.4l2.700.6a1 1 0 0 1 .8 1v2.200a2 2 0 0 1-2.100 2A15.500 15.500 0 0 1 4.500 6.100 2 2 0 0 1 6.500 4Z",
  end: "M3.500 14.200c-.3-1.700.3-3.200 1.600-4.200a12 12 0 0 1 13.800 0c1.300 1 1.900 2.500 1.600 4.200l-.2.900a1 1 0 0 1-1.200.800l-2.700-.600a1 1 0 0 1-.8-1v-1.800a11 11 0 0 0-7.200 0v1.800a1 1 0 0 1-.8 1l-2.700.600a1 1 0 0 1-1.200-.800Z",
  send: "M5 12h13M12.500 6.500 18 12l-5.500 5.500",
  down: "m7 10 5 5 5-5",
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }): ReactNode {
  return (
    <svg className="duologue-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
