// A proposal for an API name, from what somebody called a thing; a Chinese label proposes none.
export function proposeName(label: string): string {
  return label
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('_')
    .replace(/^[\d_]+/, '')
    .slice(0, 37)
}

export function isApiName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,36}(__c)?$/.test(name)
}
