/** What was said, and a line to type in. */
import type { TranscriptEntry } from "@duologue/client";
import {
  type FormEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useAgentSession } from "./context.js";
import { Icon } from "./icons.js";
import { CHAT_LABELS, type ChatLabels } from "./labels.js";

/** Of how near the end a list counts as read to its end, in px. */
const NEAR = 48;

/** What `useChat` gives: what was said, and how to say more. */
export interface UseChat {
  readonly entries: readonly TranscriptEntry[];
  /** Whether a message is on its way. */
  readonly isSending: boolean;
  /** What kept the last message from going. */
  readonly error: string | null;
  /** Whether a message was taken; `error` says why not. */
  send(text: string): Promise<boolean>;
}

/** The transcript of the session above, and a way to type into it. */
export function useChat(): UseChat {
  const { transcript, sendText } = useAgentSession();
  const [pending, setPending] = useState(0);
  const [error, setError] = useState<string | null>(null);
  const send = useCallback(
    async (text: string) => {
      setError(null);
      setPending((count) => count + 1);
      try {
        await sendText(text);
        return true;
      } catch (problem) {
        setError(problem instanceof Error ? problem.message : String(problem));
        return false;
      } finally {
        setPending((count) => count - 1);
      }
    },
    [sendText],
  );
  return { entries: transcript, isSending: pending > 0, error, send };
}

/** How `ChatTranscript` looks, and what it says. */
export interface ChatTranscriptProps {
  /** Without a line to type in. */
  readonly readOnly?: boolean;
  readonly labels?: Partial<ChatLabels>;
  readonly className?: string;
}

/** The words of the session above; the newest are in view unless somebody reads further up. */
export function ChatTranscript({ readOnly, labels, className }: ChatTranscriptProps): ReactNode {
  const { connectionState, agentConfig } = useAgentSession();
  const chat = useChat();
  const words = { ...CHAT_LABELS, ...labels };
  const names = { user: words.you, agent: agentConfig?.name ?? words.agent };
  return (
    <section className={["duologue-chat", className].filter(Boolean).join(" ")} aria-label={words.log}>
      <Entries entries={chat.entries} names={names} words={words} />
      {!readOnly && (
        <Line chat={chat} words={words} open={connectionState === "connected"} />
      )}
    </section>
  );
}

interface EntriesProps {
  readonly entries: readonly TranscriptEntry[];
  readonly names: Readonly<Record<TranscriptEntry["role"], string>>;
  readonly words: ChatLabels;
}

function Entries({ entries, names, words }: EntriesProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useShownEffect(() => {
    if (atEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [entries]);
  return (
    <div
      ref={list}
      className="duologue-log"
      role="log"
      aria-label={words.log}
      // One may scroll by keys only what has the focus.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - clientHeight - scrollTop < NEAR;
      }}
    >
      {entries.length === 0 && <p className="duologue-empty">{words.empty}</p>}
      {entries.map((entry) => (
        <p
          key={entry.id}
          className="duologue-said"
          data-role={entry.role}
          data-moving={entry.final ? undefined : true}
          data-interrupted={entry.interrupted || undefined}
        >
          <span className="duologue-who">{names[entry.role]}</span>
          <span className="duologue-words">{entry.text}</span>
          {entry.interrupted && <span className="duologue-cut">{words.interrupted}</span>}
        </p>
      ))}
    </div>
  );
}

interface LineProps {
  readonly chat: UseChat;
  readonly words: ChatLabels;
  readonly open: boolean;
}

function Line({ chat, words, open }: LineProps): ReactNode {
  const [text, setText] = useState("");
  const id = useId();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const typed = text.trim();
    if (typed === "" || !open) return;
    setText("");
    if (!(await chat.send(typed))) setText((now) => now || typed); // it is not lost
  };
  return (
    <form className="duologue-line" onSubmit={(event) => void submit(event)} aria-busy={chat.isSending}>
      <label className="duologue-hidden" htmlFor={id}>
        {words.input}
      </label>
      <input
        id={id}
        value={text}
        placeholder={open ? words.placeholder : words.closed}
        disabled={!open}
        autoComplete="off"
        enterKeyHint="send"
        onChange={(event) => setText(event.target.value)}
      />
      <button
        type="submit"
        className="duologue-button duologue-round duologue-send"
        aria-label={chat.isSending ? words.sending : words.send}
        disabled={!open || chat.isSending || text.trim() === ""}
      >
        <Icon name="send" />
      </button>
      {chat.error !== null && (
        <p className="duologue-error" role="alert">
          {chat.error}
        </p>
      )}
    </form>
  );
}

/** Before the browser paints; a server, which paints nothing, is not told off for it. */
const useShownEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;
