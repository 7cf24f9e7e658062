// What a screen shows when it has nothing to show yet, or at all: loading, empty, refused, failed, offline.
import Button from 'antd/es/button'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { useErrorText } from './useErrorText'

export function Lines({ count = 6 }: { count?: number }) {
  const { t } = useTranslation()
  return (
    <div className="skeleton" role="status" aria-label={t('state.loading')}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="skeleton-line" style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </div>
  )
}

export function PageSkeleton() {
  return (
    <div className="page-skeleton">
      <div className="skeleton-title" />
      <div className="skeleton">
        {Array.from({ length: 8 }, (_, index) => (
          <div key={index} className="skeleton-line" style={{ width: `${94 - ((index * 13) % 38)}%` }} />
        ))}
      </div>
    </div>
  )
}

export function EmptyState({ title, hint, action }: { title: string; hint?: string; action?: ReactNode }) {
  return (
    <div className="state" role="status">
      <div className="state-mark" aria-hidden>
        <span />
        <span />
        <span />
      </div>
      <h2>{title}</h2>
      {hint && <p>{hint}</p>}
      {action}
    </div>
  )
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const isRefused = error instanceof ApiError && (error.isForbidden || error.isNotFound)
  const title =
    error instanceof ApiError && error.isForbidden
      ? t('state.noPermission')
      : error instanceof ApiError && error.isNotFound
        ? t('state.notFound')
        : error instanceof ApiError && error.isOffline
          ? t('state.offlineTitle')
          : t('state.errorTitle')
  return (
    <div className="state" role="alert">
      <h2>{title}</h2>
      <p>{isRefused ? t('state.refusedHint') : errorText(error)}</p>
      {onRetry && !isRefused && (
        <Button type="primary" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  )
}
