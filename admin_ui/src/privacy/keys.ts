// What the queries of the privacy pages are called.
export const ACTS = ['privacy', 'acts']
export const CONSENTS = ['privacy', 'consents']
