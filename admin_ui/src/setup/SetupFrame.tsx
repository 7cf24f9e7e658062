export function SetupFrame() { return null }
