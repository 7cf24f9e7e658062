export function SetupHome() { return null }
