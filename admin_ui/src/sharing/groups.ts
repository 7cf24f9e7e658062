// What the queries of the groups' pages are called.
export const GROUPS = ['setup', 'groups']
