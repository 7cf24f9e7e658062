// Counts, as the signed-in user writes them.
import { formatNumber } from '../format'
import { useReader } from './useReader'

export function useWholeNumber(): (value: number) => string {
  const { language } = useReader()
  return (value) => formatNumber(value, language, 0)
}
