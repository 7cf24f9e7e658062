// How people's names are put together: Chinese names close up, family name first; others given name first.
const HAN = /^[\u3400-\u9fff\uf900-\ufaff·]+$/

export function formatName(last: string, first: string): string {
  const [family, given] = [last.trim(), first.trim()]
  if (family === '' || given === '') return family || given
  return HAN.test(family) && HAN.test(given) ? family + given : `${given} ${family}`
}

/** Closes up a Chinese name that some other system wrote with a space in it; leaves all others as they are. */
export function tidyName(name: string): string {
  const parts = name.trim().split(/\s+/)
  return parts.length > 1 && parts.every((part) => HAN.test(part)) ? parts.join('') : name
}
