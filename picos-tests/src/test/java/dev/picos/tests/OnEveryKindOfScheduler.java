package dev.picos.tests;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ArgumentsSource;

/**
 * A test that takes long, such as of what is left behind in memory, and shows hardly anything else
 * on a scheduler of the same kind with other settings: runs on one of each kind every day, and on
 * every scheduler at length. Its first parameter is the scheduler.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "{0}")
@ExtendWith(Schedulers.Failures.class)
@ArgumentsSource(Schedulers.EachKind.class)
public @interface OnEveryKindOfScheduler {}
