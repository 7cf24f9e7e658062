// The way of an import, and where on it one is.
import { useTranslation } from 'react-i18next'
import { STEPS, type Step } from './stage'

export function Steps({ current, isOver = false }: { current: Step; isOver?: boolean }) {
  const { t } = useTranslation()
  const place = STEPS.indexOf(current)
  return (
    <ol className="steps" aria-label={t('imports.steps')}>
      {STEPS.map((step, at) => {
        const isDone = at < place || isOver
        return (
          <li
            key={step}
            className={isDone ? 'step-done' : at === place ? 'step-current' : undefined}
            aria-current={at === place ? 'step' : undefined}
          >
            <span className="step-mark" aria-hidden>
              {isDone ? '✓' : at + 1}
            </span>
            {t(`imports.step.${step}`)}
          </li>
        )
      })}
    </ol>
  )
}
