export function InboundPage() { return null }
