/** `useMicrophoneState`: the user's voice, into a room or a session. */
import {
  type ControlledSession,
  type LiveKitSession,
  SessionError,
  sessionBehind,
} from "@duologue/client";
import type { Room } from "livekit-client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { ownerOf } from "../held.js";
import { RoomCarrier, SessionCarrier } from "./carriers.js";
import { MicrophoneStore } from "./store.js";
import type { Microphone } from "./types.js";

/** What a voice can go into; null while there is none yet. */
export type VoiceTarget = Room | LiveKitSession | ControlledSession | { room: Room } | null;

/** How a microphone is kept. */
export interface MicrophoneOptions {
  /** Takes the microphone by itself whenever the line opens; true unless it is said. */
  readonly publish?: boolean;
  /** Renders with the level some times a second; true unless it is said. */
  readonly level?: boolean;
}

/** What `useMicrophoneState` gives. */
export interface UseMicrophoneState extends Microphone {
  /** How loud it is, 0..1, in steps of a twentieth. */
  readonly level: number;
  /** The same, now, for drawings. */
  getLevel(): number;
}

/**
 * The microphone of a session or room: permission, devices, level, mute, and what is wrong with it.
 *
 * It is published whenever the line opens, and changed in mid-call by `selectDevice`. Components that
 * look at the same session share it.
 */
export function useMicrophoneState(
  target: VoiceTarget | undefined,
  { publish = true, level = true }: MicrophoneOptions = {},
): UseMicrophoneState {
  const store = storeOf(target ?? null);
  const microphone = useSyncExternalStore(
    store?.subscribe ?? deaf,
    store?.snapshot ?? (() => NONE),
    () => NONE,
  );
  useEffect(() => (publish ? store?.publishing() : undefined), [store, publish]);
  const listens = level && microphone.state === "on";
  const heard = useSyncExternalStore(
    listens && store ? store.hearLevel : deaf,
    listens && store ? store.coarse : silence,
    silence,
  );
  return useMemo(
    () => ({ ...microphone, level: heard, getLevel: () => store?.level ?? 0 }),
    [microphone, heard, store],
  );
}

const stores = new WeakMap<object, MicrophoneStore>();

function storeOf(target: VoiceTarget): MicrophoneStore | null {
  const found = carrierOf(target);
  if (found === null) return null;
  const known = stores.get(found);
  if (known !== undefined) return known;
  const carrier = isSession(found) ? new SessionCarrier(found) : new RoomCarrier(found);
  const store = new MicrophoneStore(carrier);
  stores.set(found, store);
  return store;
}

/** The session behind whatever was given, for it knows its room better than the room knows it. */
function carrierOf(target: VoiceTarget): LiveKitSession | Room | null {
  if (target === null || isSession(target)) return target;
  if ("localParticipant" in target) return ownerOf(target) ?? target;
  if ("room" in target) return carrierOf(target.room);
  const behind = sessionBehind(target);
  if (behind !== null) return behind;
  const { getRoom } = target as Partial<{ getRoom(): Room | null }>;
  return carrierOf(getRoom?.() ?? null);
}

/** By what it has, for a page may hold two copies of the client. */
function isSession(target: object): target is LiveKitSession {
  return "snapshot" in target && "publishMicrophone" in target;
}

const deaf = (): (() => void) => () => {};
const silence = (): number => 0;

const none = async (): Promise<void> => {
  throw new SessionError("not_connected", "There is no room yet. Call connect() first.");
};
const NONE: Microphone = Object.freeze({
  state: "off",
  permission: "unknown",
  isEnabled: false,
  isMuted: false,
  devices: [],
  deviceId: null,
  notice: null,
  error: null,
  errorCode: null,
  enable: none,
  disable: async () => {},
  setMuted: none,
  toggle: none,
  selectDevice: none,
});
