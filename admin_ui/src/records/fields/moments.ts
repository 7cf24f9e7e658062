// Moments are stored in UTC and typed in the user's own time zone, which need not be the browser's.
import dayjs, { type Dayjs } from 'dayjs'
import timezone from 'dayjs/plugin/timezone'
import utc from 'dayjs/plugin/utc'

dayjs.extend(utc)
dayjs.extend(timezone)

const WALL = 'YYYY-MM-DDTHH:mm:ss'

/** The wall clock in the user's zone, as the picker shows it. */
export function toWallClock(value: string, timeZone: string): Dayjs {
  return dayjs(dayjs.utc(value).tz(timeZone).format(WALL))
}

export function fromWallClock(picked: Dayjs, timeZone: string): string {
  return dayjs.tz(picked.format(WALL), timeZone).utc().toISOString()
}
