// What goes along with a request or a decision: addresses, and records of this site.

const RECORD = /^[0-9A-Za-z]{18}$/

/** One a line, or with blanks between them; the address of a record's page stands for the record. */
export function attachmentsIn(text: string, here: string = window.location.origin): string[] {
  return text
    .split(/\s+/)
    .filter((each) => each !== '')
    .map((each) => (each.startsWith(`${here}/r/`) ? each.slice(`${here}/r/`.length) : each))
}

/** The id of the record that an attachment is; null for another address. */
export const recordIn = (attachment: string): string | null => (RECORD.test(attachment) ? attachment : null)
