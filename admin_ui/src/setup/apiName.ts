// A proposal for an API name, from what somebody called a thing; a Chinese label proposes none.
const LONGEST = 37

export function proposeName(label: string): string {
  return label
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('')
    .replace(/^\d+/, '')
    .slice(0, LONGEST)
}
