// The present, looked at again every half minute, for what counts down on the screen.
import { useEffect, useState } from 'react'

const PAUSE = 30_000

export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), PAUSE)
    return () => window.clearInterval(timer)
  }, [])
  return now
}
