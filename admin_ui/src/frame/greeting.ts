// Which part of the day it is where the user sits.
export type Greeting = 'morning' | 'afternoon' | 'evening'

export function greeting(now: Date, timeZone: string): Greeting {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', timeZone }).format(now))
  if (hour >= 4 && hour < 12) return 'morning'
  return hour >= 12 && hour < 18 ? 'afternoon' : 'evening'
}
