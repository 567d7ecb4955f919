/** What a session cannot do, with the code that `docs/errors.md` explains. */
export class SessionError extends Error {
  override readonly name = "SessionError";

  /**
   * @param code   a code of the server's table, or one of ours, which the README lists
   * @param status the HTTP status of a refused authorize, the close code of a socket, else 0
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    /** Seconds after which the server asks to try again, where it says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}
