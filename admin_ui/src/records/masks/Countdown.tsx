// How long a revealed value is still shown.
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

const SECOND = 1000

export function Countdown({ until, onEnd }: { until: string; onEnd: () => void }) {
  const { t } = useTranslation()
  const [left, setLeft] = useState(() => secondsTo(until))

  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsTo(until)), SECOND)
    return () => clearInterval(timer)
  }, [until])
  useEffect(() => {
    if (left <= 0) onEnd()
  }, [left, onEnd])

  return (
    <span className="muted small tabular" role="timer">
      {t('mask.left', { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}` })}
    </span>
  )
}

const secondsTo = (until: string) => Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / SECOND))
