// What a log line may hold is what a message to a terminal may: one rule, which both programs' command lines know.
export { escapeForLog, quoteForLog } from '../../cli/escape-for-log.ts';
