// What a check of this machine has found, and how bad it is.

/** An error keeps the tracker from starting; a warning is a start that will disappoint. */
export interface Finding {
  level: 'ok' | 'warning' | 'error';
  text: string;
}
